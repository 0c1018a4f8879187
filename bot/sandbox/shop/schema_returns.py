"""The types of Admin GraphQL that returns are made of, as far as the stand-in knows them."""

RETURNS = """
type Return {
  id: ID! name: String! status: ReturnStatus! createdAt: DateTime! totalQuantity: Int!
  decline: ReturnDecline order: Order!
  returnLineItems(first: Int, after: String): ReturnLineItemTypeConnection!
  reverseFulfillmentOrders(first: Int, after: String): ReverseFulfillmentOrderConnection!
}
type ReturnDecline { reason: ReturnDeclineReason! note: String }
type ReturnLineItemType {
  id: ID! quantity: Int! returnReason: ReturnReason! returnReasonNote: String! customerNote: String
}
type ReverseFulfillmentOrder {
  id: ID! status: ReverseFulfillmentOrderStatus!
  lineItems(first: Int, after: String): ReverseFulfillmentOrderLineItemConnection!
}
type ReverseFulfillmentOrderLineItem {
  id: ID! totalQuantity: Int! dispositions: [ReverseFulfillmentOrderDisposition!]!
  fulfillmentLineItem: FulfillmentLineItem
}
type ReverseFulfillmentOrderDisposition {
  type: ReverseFulfillmentOrderDispositionType! quantity: Int!
}
type ReturnableFulfillment {
  id: ID!
  returnableFulfillmentLineItems(first: Int,
    after: String): ReturnableFulfillmentLineItemConnection!
}
type ReturnableFulfillmentLineItem { quantity: Int! fulfillmentLineItem: FulfillmentLineItem! }
type ReturnPayload { return: Return userErrors: [CodedUserError!]! }
type ReverseFulfillmentOrderDisposePayload {
  reverseFulfillmentOrderLineItems: [ReverseFulfillmentOrderLineItem!]
  userErrors: [CodedUserError!]!
}
input ReturnInput { orderId: ID! returnLineItems: [ReturnLineItemInput!]! requestedAt: DateTime }
input ReturnLineItemInput {
  fulfillmentLineItemId: ID! quantity: Int! returnReason: ReturnReason returnReasonNote: String
}
input ReturnApproveRequestInput { id: ID! notifyCustomer: Boolean }
input ReturnDeclineRequestInput {
  id: ID! declineReason: ReturnDeclineReason! declineNote: String notifyCustomer: Boolean
}
input ReverseFulfillmentOrderDisposeInput {
  reverseFulfillmentOrderLineItemId: ID! quantity: Int! locationId: ID
  dispositionType: ReverseFulfillmentOrderDispositionType!
}
enum ReturnStatus { CANCELED CLOSED DECLINED OPEN REQUESTED }
enum ReturnReason {
  COLOR DEFECTIVE NOT_AS_DESCRIBED OTHER SIZE_TOO_LARGE SIZE_TOO_SMALL STYLE UNKNOWN UNWANTED
  WRONG_ITEM
}
enum ReturnDeclineReason { FINAL_SALE OTHER RETURN_PERIOD_ENDED }
enum ReverseFulfillmentOrderStatus { CANCELED CLOSED OPEN }
enum ReverseFulfillmentOrderDispositionType { MISSING NOT_RESTOCKED PROCESSING_REQUIRED RESTOCKED }
"""
